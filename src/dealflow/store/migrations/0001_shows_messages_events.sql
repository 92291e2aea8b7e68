-- Times are ISO 8601 in UTC, ids are UUIDs, JSON is text. Columns that other people's programs
-- read keep their names: see docs/architecture.md.

CREATE TABLE stream_sessions (
    id TEXT NOT NULL PRIMARY KEY,
    user_id TEXT,
    platform TEXT NOT NULL,
    started_at TEXT NOT NULL,
    ended_at TEXT,
    total_sales_caught INTEGER NOT NULL DEFAULT 0,
    total_revenue_recovered REAL NOT NULL DEFAULT 0,
    session_id TEXT NOT NULL UNIQUE,
    url TEXT NOT NULL,
    epoch INTEGER NOT NULL UNIQUE,
    last_seq INTEGER NOT NULL DEFAULT 0,
    title TEXT NOT NULL DEFAULT '',
    seller TEXT NOT NULL DEFAULT '',
    source TEXT NOT NULL DEFAULT '',
    mode TEXT,
    status TEXT NOT NULL DEFAULT 'unknown',
    viewers INTEGER,
    rules TEXT
) STRICT;

CREATE TABLE counters (
    stream_session_id TEXT NOT NULL REFERENCES stream_sessions (id),
    name TEXT NOT NULL,
    value INTEGER NOT NULL,
    PRIMARY KEY (stream_session_id, name)
) STRICT, WITHOUT ROWID;

CREATE TABLE chat_messages (
    id TEXT NOT NULL UNIQUE,
    stream_session_id TEXT NOT NULL REFERENCES stream_sessions (id),
    username TEXT NOT NULL,
    message TEXT NOT NULL,
    platform TEXT NOT NULL,
    created_at TEXT NOT NULL,
    seq INTEGER NOT NULL,
    "key" TEXT NOT NULL,
    platform_id TEXT,
    user_id TEXT,
    role TEXT NOT NULL,
    badges TEXT NOT NULL,
    channel TEXT NOT NULL,
    backlog INTEGER NOT NULL,
    sent_at TEXT NOT NULL,
    lot TEXT,
    intent TEXT NOT NULL,
    confidence REAL NOT NULL,
    slots TEXT NOT NULL,
    claims TEXT NOT NULL,
    reason TEXT NOT NULL,
    model TEXT NOT NULL,
    UNIQUE (stream_session_id, seq)
) STRICT;

-- Every name by which a message can come again (its key, and 'i:' with its platform id), as 16
-- bytes of BLAKE2b. Names come in random order, so each commit rewrites as many pages of an index of
-- names as it has messages: one short index costs a third of two unique indexes on chat_messages.
CREATE TABLE message_names (
    epoch INTEGER NOT NULL,
    name BLOB NOT NULL,
    seq INTEGER NOT NULL,
    PRIMARY KEY (epoch, name)
) STRICT, WITHOUT ROWID;

-- Clustered by position (a show's epoch is its alone), because that is the only order of reading.
CREATE TABLE events (
    epoch INTEGER NOT NULL,
    seq INTEGER NOT NULL,
    type TEXT NOT NULL,
    body BLOB NOT NULL,
    PRIMARY KEY (epoch, seq)
) STRICT, WITHOUT ROWID;

CREATE TABLE sales_captured (
    id TEXT NOT NULL PRIMARY KEY,
    user_id TEXT,
    stream_session_id TEXT NOT NULL REFERENCES stream_sessions (id),
    platform TEXT NOT NULL,
    buyer_username TEXT NOT NULL,
    message_text TEXT NOT NULL,
    item_description TEXT,
    estimated_value REAL,
    captured_at TEXT NOT NULL,
    "key" TEXT NOT NULL,
    number INTEGER NOT NULL,
    message_id TEXT NOT NULL,
    confidence REAL NOT NULL,
    intent TEXT NOT NULL,
    reason TEXT NOT NULL,
    quantity INTEGER NOT NULL,
    value_range TEXT NOT NULL,
    lot_key TEXT,
    UNIQUE (stream_session_id, "key"),
    UNIQUE (stream_session_id, number)
) STRICT;

CREATE TABLE claims (
    stream_session_id TEXT NOT NULL REFERENCES stream_sessions (id),
    lot TEXT NOT NULL,
    username TEXT NOT NULL,
    quantity INTEGER NOT NULL,
    state TEXT NOT NULL,
    place INTEGER NOT NULL,
    evidence TEXT NOT NULL,
    lot_key TEXT NOT NULL,
    person TEXT NOT NULL,
    updated_at TEXT NOT NULL
) STRICT;

-- The same rule as Claim.key: the display name stands in where no key is known.
CREATE UNIQUE INDEX claims_once ON claims (
    stream_session_id,
    coalesce(nullif(lot_key, ''), lot),
    coalesce(nullif(person, ''), username)
);

CREATE TABLE lots (
    stream_session_id TEXT NOT NULL REFERENCES stream_sessions (id),
    "key" TEXT NOT NULL,
    code TEXT,
    platform_id TEXT,
    title TEXT NOT NULL,
    price REAL,
    currency TEXT,
    stock INTEGER,
    mode TEXT,
    updated_at TEXT NOT NULL,
    UNIQUE (stream_session_id, "key")
) STRICT;

CREATE TABLE platform_sales (
    id INTEGER PRIMARY KEY,
    stream_session_id TEXT NOT NULL REFERENCES stream_sessions (id),
    lot TEXT NOT NULL,
    platform_id TEXT,
    username TEXT,
    price REAL,
    currency TEXT,
    kind TEXT NOT NULL,
    sold_at TEXT NOT NULL
) STRICT;

CREATE INDEX platform_sales_by_show ON platform_sales (stream_session_id);

CREATE TABLE gaps (
    id INTEGER PRIMARY KEY,
    stream_session_id TEXT NOT NULL REFERENCES stream_sessions (id),
    started_at TEXT NOT NULL,
    ended_at TEXT NOT NULL,
    reason TEXT NOT NULL
) STRICT;

CREATE INDEX gaps_by_show ON gaps (stream_session_id);
