"""The filter language and the built-in filters.

A filter is one condition over columns, written as text:

    survey = 'ztf' and mag < 19 and abs(gal_lat) > 7 and not is_moving and (ztf_drb is null or ztf_drb >= 0.5)

- `and`, `or`, `not`, in any case, with parentheses; `true` and `false`; comparisons, `between`, `in (...)`, `is null`.
- `+ - * /`, minus, functions of numbers (`functions`), `case when`; numbers with units (`units`, `quantities`).
- `cone(...)`, `in_area(...)`, `in_watchlist(...)`, `tag(...)`, and functions of the light curve (`history`).
- Columns by their exact names: common ones, a survey's own (`ztf_*`, `lsst_*`), and modules'.

`docs/filter-language.md` describes it for those who write filters.

Null means that there is nothing to say, and a condition on it is null, also under `not`; only true passes. What a
column lacks, what is NaN or infinite, a division by zero, an overflow of 64 bits: null. Where null shall pass, the text
says so.

`language.parse` reads a text, `language.active` hands it to an engine, `formatter.canonical` writes it out,
`clauses.verdicts` says what each clause said, `builtin.builtin` lists the filters that ship.

    tokens -> words -> history -> names -> grammar (sqlglot) -> build (builder, rules, cases, calls, quantities) -> tree
    tree -> evaluate -> operations (vectors, arithmetic, comparison, functions, choice, cones)
    trees -> lowering (signals, expressions) -> circuit (questions)
"""
