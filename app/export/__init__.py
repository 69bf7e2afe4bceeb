"""Results become bytes: figures, animations, tables, bundles and scripts; nothing here knows Streamlit."""
