-- The tables of schema 2, as they were, with three couples in one study, and another where people were invited alone, too.
CREATE TABLE toolkit_store (name TEXT NOT NULL, value TEXT NOT NULL, PRIMARY KEY (name));
CREATE TABLE definitions (
  id {NUMBER}, study TEXT NOT NULL, checksum TEXT NOT NULL, definition TEXT NOT NULL, registered_at {MOMENT} NOT NULL,
  UNIQUE (study, checksum));
CREATE TABLE couples (
  id {NUMBER}, study TEXT NOT NULL, couple TEXT NOT NULL, code_checksum TEXT NOT NULL UNIQUE, roles TEXT NOT NULL,
  UNIQUE (study, couple));
CREATE TABLE participants (
  id {NUMBER}, study TEXT NOT NULL, person TEXT NOT NULL, couple_id INTEGER REFERENCES couples (id), role TEXT,
  language TEXT, invited_at {MOMENT} NOT NULL, consented_at {MOMENT}, consent_version TEXT, consent_checksum TEXT,
  withdrawal_checksum TEXT UNIQUE, UNIQUE (study, person), UNIQUE (couple_id, role));
CREATE INDEX ix_participants_couple_id ON participants (couple_id);
CREATE TABLE tokens (
  id {NUMBER}, participant_id INTEGER NOT NULL REFERENCES participants (id) ON DELETE CASCADE,
  token_checksum TEXT NOT NULL UNIQUE, issued_at {MOMENT} NOT NULL, expires_at {MOMENT} NOT NULL, revoked_at {MOMENT});
CREATE INDEX ix_tokens_participant_id ON tokens (participant_id);
CREATE TABLE sittings (
  id {NUMBER}, participant_id INTEGER NOT NULL REFERENCES participants (id) ON DELETE CASCADE, wave TEXT NOT NULL,
  day TEXT NOT NULL, item_order TEXT NOT NULL, started_at {MOMENT} NOT NULL, submitted_at {MOMENT},
  late BOOLEAN DEFAULT FALSE NOT NULL, lease TEXT NOT NULL, position INTEGER NOT NULL,
  UNIQUE (participant_id, wave, day));
CREATE INDEX ix_sittings_participant_id ON sittings (participant_id);
CREATE TABLE answers (
  sitting_id INTEGER NOT NULL REFERENCES sittings (id) ON DELETE CASCADE, item TEXT NOT NULL, value INTEGER, text TEXT,
  reason TEXT, milliseconds INTEGER, lease TEXT NOT NULL, sequence INTEGER NOT NULL, answered_at {MOMENT} NOT NULL,
  PRIMARY KEY (sitting_id, item), CONSTRAINT one_answer CHECK (
  (CASE WHEN value IS NULL THEN 0 ELSE 1 END) + (CASE WHEN text IS NULL THEN 0 ELSE 1 END)
  + (CASE WHEN reason IS NULL THEN 0 ELSE 1 END) <= 1));
CREATE TABLE audit (
  id {NUMBER}, sitting_id INTEGER NOT NULL REFERENCES sittings (id) ON DELETE CASCADE, item TEXT NOT NULL,
  value INTEGER, text TEXT, reason TEXT, milliseconds INTEGER, sequence INTEGER NOT NULL,
  written_at {MOMENT} NOT NULL);
CREATE INDEX ix_audit_sitting_id ON audit (sitting_id);
CREATE TABLE page_times (
  id {NUMBER}, sitting_id INTEGER NOT NULL REFERENCES sittings (id) ON DELETE CASCADE, position INTEGER NOT NULL,
  milliseconds INTEGER NOT NULL, lease TEXT NOT NULL, sequence INTEGER, left_at {MOMENT} NOT NULL);
CREATE INDEX ix_page_times_sitting_id ON page_times (sitting_id);
CREATE TABLE withdrawals (study TEXT NOT NULL, withdrawn_on DATE NOT NULL);
CREATE TABLE refusals (id {NUMBER}, study TEXT NOT NULL, rule TEXT NOT NULL, refused_at {MOMENT} NOT NULL);
CREATE INDEX refusals_by_study ON refusals (study);
INSERT INTO toolkit_store VALUES
  ('schema', '2'), ('last P of closeness', '8'), ('last C of closeness', '4'),
  ('last P of mixed', '3'), ('last C of mixed', '1');
INSERT INTO couples (study, couple, code_checksum, roles) VALUES
  ('closeness', 'C001', '{CODE 1}', '["a", "b"]'),
  ('closeness', 'C002', '{CODE 2}', '["a", "b"]'),
  ('closeness', 'C003', '{CODE 3}', '["a", "b"]'),
  ('closeness', 'C004', '{CODE 4}', '["a", "b"]'),
  ('mixed', 'C001', '{CODE 5}', '[]');
INSERT INTO participants (study, person, couple_id, role, language, invited_at, consented_at, consent_version) VALUES
  ('closeness', 'P001', 1, 'a', 'en', '2026-11-01 09:00:00.000000', '2026-11-02 10:00:00.000000', '2026-11'),
  ('closeness', 'P002', NULL, 'b', NULL, '2026-11-01 09:00:00.000000', NULL, NULL),
  ('closeness', 'P003', NULL, 'a', NULL, '2026-11-01 09:00:00.000000', NULL, NULL),
  ('closeness', 'P005', NULL, 'a', NULL, '2026-11-01 09:00:00.000000', NULL, NULL),
  ('closeness', 'P006', NULL, 'b', NULL, '2026-11-01 09:00:00.000000', NULL, NULL),
  ('closeness', 'P007', 3, 'a', NULL, '2026-11-01 09:00:00.000000', NULL, NULL),
  ('closeness', 'guest', NULL, NULL, NULL, '2026-11-01 09:00:00.000000', NULL, NULL),
  ('mixed', 'P001', NULL, NULL, NULL, '2026-11-01 09:00:00.000000', NULL, NULL),
  ('mixed', 'P002', 5, NULL, NULL, '2026-11-01 09:00:00.000000', NULL, NULL),
  ('mixed', 'P003', NULL, NULL, NULL, '2026-11-01 09:00:00.000000', NULL, NULL);
INSERT INTO tokens (participant_id, token_checksum, issued_at, expires_at) VALUES
  (1, '{TOKEN}', '2026-11-01 09:00:00.000000', '2099-01-01 00:00:00.000000');
INSERT INTO sittings (participant_id, wave, day, item_order, started_at, submitted_at, late, lease, position) VALUES
  (1, '1', '', '["q1"]', '2026-11-02 10:01:00.000000', '2026-11-02 10:09:00.000000', TRUE, 'page', 2);
INSERT INTO answers VALUES (1, 'q1', 3, NULL, NULL, 900, 'page', 1, '2026-11-02 10:02:00.000000');
INSERT INTO refusals (study, rule, refused_at) VALUES
  ('closeness', 'withdrawal_code', '2026-11-03 23:41:07.654321'),
  ('closeness', 'token', '2026-11-04 00:00:01.000000');
