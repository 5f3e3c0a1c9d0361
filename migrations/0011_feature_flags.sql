-- What a tenant has switched off, or on again, on each of its platforms (FLAG-1); what has no row is on.

create table feature_flag (
  tenant_id uuid not null references tenant,
  platform text not null check (length(platform) between 1 and 200),
  key text not null check (key ~ '^[a-z_]{1,40}$'),
  is_on boolean not null,
  changed_at timestamptz(3) not null,
  primary key (tenant_id, platform, key)
);
call laurel_secure('feature_flag');
grant select, insert, update on feature_flag to laurel_app;
