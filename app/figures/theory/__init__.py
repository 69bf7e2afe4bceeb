"""Pictures of the closed forms and of what was measured beside them; no Streamlit."""
