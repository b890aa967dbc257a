"""Job-title embeddings: what the page and the training share."""
