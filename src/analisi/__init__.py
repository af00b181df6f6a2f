"""Analysis workspace of a regional labour-market observatory: company crises and active labour policies (PAL)."""
