"""Texts that somebody might type to make a filter do more than a filter does, or cost more.

They are made of templates, by what they try. `ALL_REFUSED` names the sorts of which none is a condition; of the others
some are, and do nothing that a filter must not do.
"""

from __future__ import annotations

import filter_hostile as plain
import filter_limits as limits
from hostile_forms import BOMBS, EDGES, NEW, PRIVATE

BASES = ["mag < 19", "survey = 'ztf'", "not is_moving", "count(lc where band = 'r') > 2", "ra between 10 and 20"]
PLACES = ["{0} < 1", "mag < {0}", "abs({0}) < 1", "mag between {0} and 2", "mag in ({0})", "not {0} = 1", "{0} is null"]
TABLES = ["alerts", "objects", "sqlite_master", "information_schema.tables", "pg_catalog.pg_user", "'/etc/passwd'"]

STATEMENTS = [
    "drop table {0}",
    "delete from {0}",
    "update {0} set mag = 1",
    "insert into {0} values (1)",
    "copy {0} to '/tmp/x'",
    "create table {0} as select 1",
    "pragma table_info({0})",
    "attach {0} as x",
    "truncate {0}",
    "alter table {0} add x int",
    "grant all on {0} to public",
    "analyze {0}",
]
QUERIES = [
    "(select 1)",
    "(select mag from alerts)",
    "(select max(mag) from alerts where ra > 1)",
    "(with t as (select 1) select * from t)",
    "(select 1 union select 2)",
    "exists (select 1)",
    "(values (1))",
    "(table alerts)",
    "(from alerts)",
    "array(select 1)",
]
TAILS = [
    "union select 1",
    "union all select * from alerts",
    "intersect select 1",
    "except select 1",
    "order by mag",
    "limit 1",
    "offset 1",
    "group by survey",
    "having count(*) > 1",
    "qualify row_number() over () = 1",
    "tablesample bernoulli (10)",
    "for update",
    "into outfile '/tmp/x'",
    "into dumpfile '/tmp/x'",
    "window w as (partition by ra)",
    "returning *",
    "fetch first 1 row only",
    "procedure analyse()",
    "lock in share mode",
    "option (recompile)",
]
COMMENTS = [
    "-- x",
    "--",
    "# x",
    "/* x */",
    "/*! or 1 = 1 */",
    "/*+ parallel(8) */",
    "// x",
    "{# x #}",
    "<!-- x -->",
    "/*",
    "*/",
    "/* /* x */",
]
MARKERS = [
    "__class__",
    "@x",
    "@@version",
    "$1",
    "$x$",
    "?",
    ":x",
    "%s",
    "%(x)s",
    "{{7*7}}",
    "{mag}",
    "${mag}",
    "#{mag}",
    "<%= 1 %>",
    "`id`",
    "$(id)",
    "\\x41",
    "&x",
    "mag.__class__",
    "mag()",
]
CALLS = [
    "sleep(5)",
    "pg_sleep(5)",
    "benchmark(1000000, md5('x'))",
    "waitfor('0:0:5')",
    "read_csv('/etc/passwd')",
    "read_parquet('/tmp/x')",
    "read_text('/etc/passwd')",
    "read_blob('/etc/passwd')",
    "load_file('/etc/passwd')",
    "load_extension('x.so')",
    "getenv('HOME')",
    "query('select 1')",
    "query_table('alerts')",
    "eval('1')",
    "exec('1')",
    "__import__('os')",
    "open('/etc/passwd')",
    "system('id')",
    "xp_cmdshell('id')",
    "http_get('http://127.0.0.1')",
    "dblink('x', 'y')",
    "pg_read_file('x')",
    "extractvalue(1, 'x')",
    "random()",
    "uuid()",
    "version()",
    "current_setting('x')",
    "pd.eval('1')",
    "to_csv('/tmp/x')",
    "globals()",
]
CASTS = [
    "cast(mag as int)",
    "try_cast(mag as varchar)",
    "mag::int",
    "convert(int, mag)",
    "convert(mag using utf8)",
    "cast('/etc/passwd' as regclass)",
    "mag at time zone 'utc'",
    "interval '1 day'",
    "date '2026-01-01'",
    "timestamp '2026-01-01'",
    "0x1f",
    "0b11",
    "x'41'",
    "b'11'",
    "n'x'",
    "e'\\n'",
    "u&'\\0041'",
    "_utf8'x'",
    "1_000",
    "1e",
    "1e999",
    "-1e999",
    "nan",
    "inf",
    "infinity",
    "null::int",
]
PATTERNS = [
    "survey like 'z%'",
    "survey not like 'z%'",
    "survey ilike 'z%'",
    "survey similar to '(a+)+'",
    "survey ~ '(a+)+$'",
    "survey !~* 'z'",
    "survey rlike '(a|a)*$'",
    "survey regexp '(.*)*x'",
    "survey glob 'z*'",
    "survey match 'z'",
    "regexp_matches(survey, '(a+)+')",
    "survey like any ('z', 'y')",
    "survey collate nocase = 'ZTF'",
    "survey sounds like 'ztf'",
]
AGGREGATES = [
    "count(*) > 1",
    "count(mag) > 1",
    "sum(mag) > 1",
    "avg(mag) > 1",
    "max(mag) > 1",
    "group_concat(survey) = 'x'",
    "row_number() over () < 2",
    "sum(mag) over (order by ra) > 1",
    "lag(mag) over () < 1",
    "rank() over (partition by survey) = 1",
    "max(mag) filter (where mag > 1) < 2",
    "count(distinct mag) > 1",
]
STRUCTURES = [
    "[1, 2]",
    "mag[0]",
    "lc_flux[1]",
    "lc_flux[1:2]",
    "{'a': 1}",
    "struct(1)",
    "row(1, 2)",
    "map(1, 2)",
    "(1, 2)",
    "x -> x",
    "lambda x: x",
    "list_transform(lc_flux, x -> x + 1)",
    "unnest(lc_flux)",
    "array[1]",
    "mag.x",
    "alerts.mag",
    "lc.flux",
    "lc",
    "hist_flux",
    "*",
]
ODD = ["\x00", "\x01", "\x0b", "\x0c", "\x1b", "\x7f", "\x85", "\xa0", "\u00ad", "\u200b", "\u200e", "\u202e", "\u2028"]
ODD += ["\u2060", "\u3000", "\ufeff", "\ufffd", "\uff07", "\u2018", "\u0301", "\ud800", "\U000e0020", "\U0001f52d"]
ALIKE = [
    "\uff4dag",
    "m\u0430g",
    "\u217eag",
    "ma\u0261",
    "mag\u0301",
    "\U0001d426ag",
    "MAG",
    "Mag",
    "mag_",
    "_mag",
    "mag ",
]
DIGITS = ["1\uff19", "\u0661\u0669", "\u096f", "1\u2009000", "1,5", "1.000,5", "19\u00b2", "\u2460", "\u4e00", "1'000"]

ALL_REFUSED = {"statements", "queries", "tails", "comments", "markers", "calls", "casts", "patterns", "aggregates"}
ALL_REFUSED |= {"characters", "structures", "limits"}


def corpus() -> dict[str, list[str]]:
    """Every text once, by the sort of thing it tries."""
    found = {
        "statements": [f"{b}; {s.format(t)}" for b in BASES[:2] for s in STATEMENTS for t in TABLES[:3]],
        "queries": [place.format(q) for q in QUERIES for place in PLACES] + plain.SUBQUERIES + plain.STATEMENTS,
        "tails": [f"{base} {tail}" for tail in TAILS for base in BASES[:3]] + plain.SMUGGLED,
        "comments": [f"{base} {c} " for c in COMMENTS for base in BASES[:2]] + [f"mag {c} < 19" for c in COMMENTS],
        "markers": [f"{m} = mag" for m in MARKERS] + [f"mag < {m}" for m in MARKERS],
        "calls": [f"{call} = 1" for call in CALLS] + [f"mag < 19 and {call} is null" for call in CALLS],
        "casts": [f"mag < {cast}" for cast in CASTS] + [f"not {cast} = mag" for cast in CASTS],
        "patterns": PATTERNS + [f"mag < 19 and not ({p})" for p in PATTERNS],
        "aggregates": AGGREGATES + [f"mag < 19 or {a}" for a in AGGREGATES],
        "structures": [f"{s} = 1" for s in STRUCTURES] + [f"mag in ({s})" for s in STRUCTURES],
        "characters": [f"mag{c}< 19" for c in ODD] + [f"survey = 'zt{c}f'" for c in ODD] + plain.CHARACTERS,
        "names": [f"{name} < 19" for name in ALIKE] + [f"{name} = 1" for name in PRIVATE] + plain.NAMES,
        "digits": [f"mag < {digits}" for digits in DIGITS],
        "syntax": plain.SYNTAX,
        "functions": plain.FUNCTIONS,
        "numbers": limits.NUMBERS,
        "types": limits.TYPES,
        "limits": limits.HEAVY,
        "new forms": NEW,
        "bombs": BOMBS,
        "edges": EDGES + plain.HARMLESS,
    }
    first = {text: sort for sort, texts in reversed(found.items()) for text in texts}
    return {sort: [t for t in dict.fromkeys(texts) if first[t] == sort] for sort, texts in found.items()}
