-- Version 5: runs of rules that are not finished yet. A later process finishes them.

ALTER TABLE rule_runs ADD COLUMN is_open INTEGER NOT NULL DEFAULT 0;

CREATE INDEX open_rule_runs ON rule_runs (event) WHERE is_open;

CREATE INDEX rule_answers ON rule_runs (answer) WHERE answer IS NOT NULL;
