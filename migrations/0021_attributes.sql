-- Attributes: what a type declares that activities of it may carry besides their quantity, for rules to read.
alter table activity_type add column attributes jsonb; -- name → { type, decimals, signed }
alter table activity add column attributes jsonb;
