"""The outermost edge: HTTP in, HTTP out.  Knows versions, schemas, faults, policy and paging; knows no service."""
