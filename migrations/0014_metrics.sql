-- Metrics: what may be measured, and points in time. Points are only ever added; of one instant the last one recorded counts.
create table metric (
  tenant_id uuid not null references tenant,
  id uuid not null,
  key text not null check (key ~ '^[a-z][a-z0-9_]{1,63}$'),
  name text not null check (length(name) between 1 and 200),
  unit text not null check (length(unit) between 1 and 32),
  direction text not null check (direction in ('HIGHER', 'LOWER')), -- which way is better
  lowest numeric(18, 6), -- bounds of a value
  highest numeric(18, 6),
  active boolean not null default true,
  predefined boolean not null default false,
  created_at timestamptz(3) not null,
  primary key (tenant_id, id),
  unique (tenant_id, key)
);
call laurel_secure('metric');

create table metric_point (
  tenant_id uuid not null,
  id uuid not null,
  metric_id uuid not null,
  subject_kind text not null check (subject_kind in ('TENANT', 'TEAM', 'USER')),
  subject_id uuid not null, -- the tenant itself, a team or a person
  at timestamptz(3) not null,
  day date not null, -- of the instant, in the tenant's zone
  seq bigint generated always as identity, -- of one instant the highest counts
  value numeric(18, 6), -- null: there is no value at that instant after all
  baseline boolean not null, -- one of the values that later ones are compared with
  source text,
  source_id text,
  note text,
  recorded_by uuid,
  recorded_at timestamptz(3) not null,
  primary key (tenant_id, id),
  foreign key (tenant_id, metric_id) references metric,
  check ((source is null) = (source_id is null)),
  check (subject_kind <> 'TENANT' or subject_id = tenant_id)
);
create unique index metric_point_source on metric_point (tenant_id, source, source_id) where source is not null;
create index metric_point_series on metric_point (tenant_id, metric_id, subject_id, at, seq);
create index metric_point_baseline on metric_point (tenant_id, metric_id, subject_id) where baseline;
call laurel_secure('metric_point');

grant select, insert, update on metric to laurel_app;
grant select, insert on metric_point to laurel_app;
