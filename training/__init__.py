"""From recorded LLM answers to a published dataset and model, stage by stage."""
