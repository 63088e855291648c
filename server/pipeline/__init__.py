"""One use case a module: receive, sync, enrich, write back, judge, deliver, backfill, schedule."""
