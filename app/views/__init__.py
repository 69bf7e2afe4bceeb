"""The pages: controls, a cached run, figures. Streamlit lives here only."""
