"""The filter language and the built-in filters.

A filter is one condition over columns, written as text:

    survey = 'ztf' and mag < 19 and abs(gal_lat) > 7 and not is_moving and (ztf_drb is null or ztf_drb >= 0.5)

- `and`, `or`, `not`, in any case, with parentheses; `true` and `false`.
- `= != <> < <= > >=`, `between LOW and HIGH`, `in (CONSTANT, ...)`, `is null`, `is not null`; `not between`, `not in`.
- `+ - * /`, minus, `abs(...)` on numbers. `/` gives a float.
- Columns by their exact names: common ones, a survey's own (`ztf_*`, `lsst_*`), and modules'.
- The light curve by one number of its points: `count(lc where ...)`, `max(lc.flux)` (docs/filter-light-curves.md).
- Numbers, and texts in single quotes (`'it''s'`). Texts know `=`, `!=`, `in` and `is null` alone.

Null means that there is nothing to say, and a condition on it is null, also under `not`; only true passes. What a
column lacks, what is NaN or infinite, a division by zero, an overflow of 64 bits: null. Where null shall pass, the text
says so.

`language.parse` reads a text, `language.active` hands it to an engine, `formatter.canonical` writes it out,
`clauses.verdicts` says what each clause said, `builtin.builtin` lists the filters that ship.

    tokens -> names -> grammar (sqlglot) -> build -> tree -> evaluate (vectors, arithmetic, comparison)
"""
