"""The page's looks: a Gradio theme with system fonts, and the CSS of the page's own markup."""

import gradio as gr

THEME = gr.themes.Base(
    primary_hue="teal",
    secondary_hue="teal",
    neutral_hue="slate",
    radius_size="sm",
    font=("system-ui", "-apple-system", "Segoe UI", "Roboto", "sans-serif"),
    font_mono=("ui-monospace", "SFMono-Regular", "Menlo", "monospace"),
).set(
    body_background_fill="*neutral_50",
    block_border_width="1px",
    body_text_color_subdued="*neutral_600",
    body_text_color_subdued_dark="*neutral_300",
    block_info_text_color="*neutral_600",
    block_info_text_color_dark="*neutral_300",
    checkbox_border_color="*neutral_500",
    checkbox_border_color_dark="*neutral_400",
    input_border_color="*neutral_400",
    input_border_width="1px",
    input_background_fill="white",
    button_primary_background_fill="*primary_700",
    button_primary_background_fill_hover="*primary_800",
    button_primary_background_fill_dark="*primary_700",
    button_primary_background_fill_hover_dark="*primary_800",
    button_primary_text_color="white",
)

CSS = """
.gradio-container { width: 100%; max-width: 1180px !important; margin: 0 auto !important; }
.html-container { padding: 0 !important; }
.tab-container button.selected { color: var(--primary-700) !important; }
.dark .tab-container button.selected { color: var(--primary-300) !important; }
.asking { align-items: end; }
.asking button.primary { min-height: 42px; }
.note, .note p { color: var(--body-text-color-subdued); font-size: var(--text-sm); }

#status { font-size: var(--text-sm); }
#status p { margin: 0; }
#status .loading, #status .failed { border-left: 4px solid var(--primary-500);
  background: var(--block-background-fill); padding: 8px 12px; }
#status .failed { border-color: #dc2626; }
#status .fallback { border-left: 4px solid #d97706; padding: 4px 12px; overflow-wrap: anywhere; }
#status .bar { height: 6px; margin-top: 6px; border-radius: 3px; background: var(--neutral-300); }
#status .bar div { height: 100%; border-radius: 3px; background: var(--primary-600); }
#status .ready { color: var(--body-text-color-subdued); overflow-wrap: anywhere; }

#search-results, #similar-results { min-height: 150px; }
.lists-heading { margin: 0 0 8px; overflow-wrap: anywhere; }
.agreement { margin: -4px 0 10px; }
.agreement, .lists .counted { font-size: var(--text-sm); color: var(--body-text-color-subdued); }
.lists .counted { font-weight: 400; margin-left: 6px; }
.lists-heading bdi { font-weight: 600; }
.lists { display: grid; grid-template-columns: 1fr 1fr; gap: 20px; }
.lists section { min-width: 0; }
.lists h3 { margin: 0 0 6px; font-size: var(--text-lg); }
.lists ol { list-style: none; margin: 0; padding: 0; border: 1px solid var(--border-color-primary);
  border-radius: 6px; background: var(--block-background-fill); }
.lists li { display: grid; grid-template-columns: 1.8em 1fr auto; gap: 10px; margin: 0;
  padding: 9px 12px; border-bottom: 1px solid var(--border-color-primary); }
.lists li:last-child { border-bottom: 0; }
.lists .place, .lists .score { font-variant-numeric: tabular-nums; }
.lists .place { text-align: right; color: var(--body-text-color-subdued); }
.lists .what { min-width: 0; overflow-wrap: anywhere; }
.lists .title { font-weight: 600; }
.lists .pick { all: unset; cursor: pointer; display: block; }
.lists .pick:hover .title, .lists .pick:focus-visible .title { text-decoration: underline; }
.lists .pick:focus-visible { outline: 2px solid var(--primary-500); outline-offset: 2px; }
.lists .occupation { font-size: var(--text-sm); color: var(--body-text-color-subdued); }
.lists .code { color: inherit; font-variant-numeric: tabular-nums; white-space: nowrap; }
.lists .side { display: flex; flex-direction: column; align-items: end; gap: 3px; }
.mark { font-size: var(--text-xs); line-height: 1.5; padding: 0 7px; border-radius: 9px;
  background: #e2e8f0; color: #334155; white-space: nowrap; }
.mark.up { background: #ccfbf1; color: #115e59; }
.mark.down { background: #ffedd5; color: #9a3412; }
.mark.only { background: #e0e7ff; color: #3730a3; }
.mark.own { background: #dcfce7; color: #166534; }
.mark.seen { background: transparent; border: 1px dashed currentColor; }
.dark .mark { background: #334155; color: #e2e8f0; }
.dark .mark.up { background: #134e4a; color: #99f6e4; }
.dark .mark.down { background: #7c2d12; color: #fed7aa; }
.dark .mark.only { background: #312e81; color: #c7d2fe; }
.dark .mark.own { background: #14532d; color: #bbf7d0; }
.dark .mark.seen { background: transparent; color: #cbd5e1; }

#jittered { min-height: 80px; }
.wide { overflow-x: auto; }
.wide table { width: 100%; min-width: 620px; border-collapse: collapse; border: 0 !important;
  background: var(--block-background-fill); }
.wide th, .wide td { text-align: left; padding: 7px 10px; border: 0 !important;
  border-bottom: 1px solid var(--border-color-primary) !important; }
.wide th { font-size: var(--text-sm); }
.wide .pick { all: unset; cursor: pointer; font-weight: 600; }
.wide .pick:hover, .wide .pick:focus-visible { text-decoration: underline; }
.wide .pick:focus-visible { outline: 2px solid var(--primary-500); outline-offset: 2px; }
#map-changed h3 { margin: 16px 0 6px; }

.legend { list-style: none; margin: 0; padding: 0; display: grid; gap: 4px 16px;
  grid-template-columns: repeat(auto-fill, minmax(210px, 1fr)); font-size: var(--text-sm); }
.legend li { display: flex; align-items: center; gap: 8px; margin: 0; }
.swatch { width: 12px; height: 12px; border-radius: 50%; flex: none; }

@media (max-width: 700px) {
  .lists { grid-template-columns: 1fr; }
  .tab-container button { padding: 0 6px !important; font-size: 13px !important; }
  .legend { grid-template-columns: 1fr 1fr; }
}
"""
