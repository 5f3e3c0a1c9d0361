-- Revenue: facts that are only ever added (recognized, refunded, taken back), and what is left of each recognized one.
-- Amounts are whole minor units; a refund and a reversal of a recognized fact are negative, the reversal of a refund is positive.
create table revenue_fact (
  tenant_id uuid not null,
  id uuid not null,
  kind text not null check (kind in ('RECOGNIZED', 'REFUND', 'REVERSAL')),
  original_id uuid, -- what is refunded or taken back
  amount_minor bigint not null,
  currency char(3) not null check (currency ~ '^[A-Z]{3}$'),
  recurrence text not null check (recurrence in ('ONE_OFF', 'MONTH', 'QUARTER', 'YEAR')),
  client text,
  deal text,
  owner_id uuid, -- null: nobody's own
  team_id uuid, -- the owner's primary team when it occurred
  department_id uuid,
  recorded_by uuid,
  occurred_at timestamptz(3) not null,
  occurred_day date not null, -- in the tenant's zone
  recorded_at timestamptz(3) not null,
  day date not null, -- day, week and month are the periods it counts in, as of a point entry
  week date not null,
  month date not null,
  is_correction boolean not null,
  source text,
  source_id text,
  note text,
  primary key (tenant_id, id),
  foreign key (tenant_id, original_id) references revenue_fact,
  check ((kind = 'RECOGNIZED') = (original_id is null)),
  check (case kind when 'RECOGNIZED' then amount_minor > 0 when 'REFUND' then amount_minor < 0 else true end),
  check ((source is null) = (source_id is null))
);
create unique index revenue_fact_source on revenue_fact (tenant_id, source, source_id) where source is not null;
create unique index revenue_fact_reversal on revenue_fact (tenant_id, original_id) where kind = 'REVERSAL';
create index revenue_fact_original on revenue_fact (tenant_id, original_id) where original_id is not null;
create index revenue_fact_owner on revenue_fact (tenant_id, owner_id, id);
create index revenue_fact_client on revenue_fact (tenant_id, client, id) where client is not null;
create index revenue_fact_day on revenue_fact (tenant_id, currency, occurred_day);
call laurel_secure('revenue_fact');

-- What is left of a recognized fact: the row that refunds and reversals of it lock. It is the sum of the fact and of all that names it.
create table revenue_rest (
  tenant_id uuid not null,
  revenue_id uuid not null,
  rest_minor bigint not null check (rest_minor >= 0),
  primary key (tenant_id, revenue_id),
  foreign key (tenant_id, revenue_id) references revenue_fact
) with (fillfactor = 80);
call laurel_secure('revenue_rest');

grant select, insert on revenue_fact to laurel_app;
grant select, insert, update on revenue_rest to laurel_app;
