"""Reports for machines and people, all rendered from ``log.jsonl``."""
