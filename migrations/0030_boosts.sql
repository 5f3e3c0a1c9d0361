-- Boosts: activities of a window pay more. What a boost adds is an award of its own, with a key that names boost and activity.
create table boost (
  tenant_id uuid not null references tenant,
  id uuid not null,
  name text not null check (length(name) between 1 and 100),
  multiplier_bp integer not null check (multiplier_bp between 10001 and 100000),
  rounding text not null check (rounding in ('HALF_UP', 'DOWN', 'UP')),
  activity_types text[], -- null for all
  starts_at timestamptz(3) not null,
  ends_at timestamptz(3) not null, -- brought forward when it is canceled
  canceled_at timestamptz(3),
  created_at timestamptz(3) not null,
  primary key (tenant_id, id),
  check (ends_at >= starts_at)
);
call laurel_secure('boost');
grant select, insert, update on boost to laurel_app;
