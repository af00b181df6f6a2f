"""What people see: Italian numbers and sentences, charts, tables and cards, from frames of figures."""
