"""Prints, with `|` between the columns, the rows that DuckDB reads from an exported ledger.

    ledger.py LEDGER.parquet
"""

import sys

import duckdb

COLUMNS = """entity, project, run, name, file_id, size, md5, destination, key, state, tries, coalesce(error, '-'), etag,
    epoch_ms(moved_at)"""

for row in duckdb.sql(f"SELECT {COLUMNS} FROM '{sys.argv[1]}'").fetchall():
    print("|".join(str(value) for value in row))
