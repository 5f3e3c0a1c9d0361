-- Awards: points for something other than an activity. The key says what for; the same key never pays twice.
alter table point_entry drop constraint point_entry_reason_check;
alter table point_entry add constraint point_entry_reason_check
  check (reason in ('ACTIVITY', 'REVERSAL', 'AWARD', 'WITHDRAWAL'));

create table point_award (
  tenant_id uuid not null,
  key text not null check (length(key) between 1 and 200),
  user_id uuid not null,
  type text not null,
  entry_seq bigint not null,
  occurred_at timestamptz(3) not null,
  withdrawn_seq bigint,
  primary key (tenant_id, key),
  foreign key (tenant_id, user_id) references users
);
call laurel_secure('point_award');
grant select, insert, update on point_award to laurel_app;
