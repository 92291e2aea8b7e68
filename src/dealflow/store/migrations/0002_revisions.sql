-- What was known when a message was judged, beside its lot, so that it can be judged again.
ALTER TABLE chat_messages ADD COLUMN mode TEXT;
ALTER TABLE chat_messages ADD COLUMN lot_age REAL;

-- A show's own capture threshold; NULL: the one of the settings.
ALTER TABLE stream_sessions ADD COLUMN threshold REAL;

-- A capture that the seller took back stays, with the time from which it does not count.
ALTER TABLE sales_captured ADD COLUMN withdrawn_at TEXT;

-- Every verdict after the first, which the message's own row keeps as version 1. Rows are only
-- added; `stands` alone moves, and marks the version that people see.
CREATE TABLE verdicts (
    stream_session_id TEXT NOT NULL REFERENCES stream_sessions (id),
    seq INTEGER NOT NULL,
    version INTEGER NOT NULL,
    message_id TEXT NOT NULL,
    source TEXT NOT NULL,
    model TEXT NOT NULL,
    intent TEXT NOT NULL,
    confidence REAL NOT NULL,
    slots TEXT NOT NULL,
    claims TEXT NOT NULL,
    reason TEXT NOT NULL,
    created_at TEXT NOT NULL,
    run TEXT,
    prompt TEXT NOT NULL,
    withdrawn INTEGER NOT NULL,
    utterance TEXT,
    stands INTEGER NOT NULL DEFAULT 0,
    PRIMARY KEY (stream_session_id, seq, version)
) STRICT, WITHOUT ROWID;

CREATE UNIQUE INDEX verdicts_standing ON verdicts (stream_session_id, seq) WHERE stands = 1;
CREATE INDEX verdicts_by_run ON verdicts (run, seq) WHERE run IS NOT NULL;

-- Messages that wait for a second opinion, and what became of those that waited.
CREATE TABLE doubts (
    message_id TEXT NOT NULL PRIMARY KEY REFERENCES chat_messages (id),
    stream_session_id TEXT NOT NULL REFERENCES stream_sessions (id),
    utterance TEXT NOT NULL,
    verdict TEXT NOT NULL,
    reason TEXT NOT NULL,
    created_at TEXT NOT NULL,
    settled_at TEXT,
    outcome TEXT
) STRICT, WITHOUT ROWID;

CREATE INDEX doubts_waiting ON doubts (created_at) WHERE settled_at IS NULL;

CREATE TABLE spending (
    month TEXT NOT NULL,
    stream_session_id TEXT NOT NULL REFERENCES stream_sessions (id),
    calls INTEGER NOT NULL,
    tokens_in INTEGER NOT NULL,
    tokens_out INTEGER NOT NULL,
    money REAL NOT NULL,
    PRIMARY KEY (month, stream_session_id)
) STRICT, WITHOUT ROWID;

-- Each reanalysis of a show; where it stands is the last position of its verdicts.
CREATE TABLE runs (
    id TEXT NOT NULL PRIMARY KEY,
    stream_session_id TEXT NOT NULL REFERENCES stream_sessions (id),
    model TEXT NOT NULL,
    threshold REAL NOT NULL,
    started_at TEXT NOT NULL,
    finished_at TEXT
) STRICT;

CREATE INDEX runs_by_show ON runs (stream_session_id);
