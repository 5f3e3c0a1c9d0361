-- When an event was emitted: a moment before its commit, so that its way to the screens can be measured from there.
alter table outbox add column at timestamptz(3) not null default clock_timestamp();
