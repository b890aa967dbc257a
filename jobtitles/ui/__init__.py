"""The Gradio page: the only part that imports gradio or plotly."""
