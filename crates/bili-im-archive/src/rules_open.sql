-- Version 5: runs of rules that are not finished yet. A later process finishes them.

ALTER TABLE rule_runs ADD COLUMN is_open INTEGER NOT NULL DEFAULT 0;

CREATE INDEX open_rule_runs ON rule_runs (event) WHERE is_open;

CREATE INDEX rule_runs_by_time ON rule_runs (time);

CREATE INDEX rule_answers ON rule_runs (answer) WHERE answer IS NOT NULL;

-- Each message has a wait of its own: an earlier one may have been read. Those of version 4 are few
-- and short.
DROP TABLE rule_waits;

CREATE TABLE rule_waits (
    rule TEXT NOT NULL,
    talker TEXT NOT NULL,
    seqno INTEGER NOT NULL, -- of the message
    event INTEGER NOT NULL,
    due INTEGER NOT NULL, -- s since 1970
    PRIMARY KEY (rule, talker, seqno)
) STRICT, WITHOUT ROWID;

CREATE INDEX rule_waits_by_due ON rule_waits (due);
