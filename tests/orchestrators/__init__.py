"""The examples in pipelines/, each with its orchestrator; run by `make test-orchestrators`."""
