"""Pictures, traces and pages of what was measured."""
