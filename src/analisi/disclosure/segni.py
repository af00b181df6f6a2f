"""What is written in place of a number that is hidden."""

OSCURATO = "*"
SEGNO = "_segno"  # ending of the column that holds the sign of another
