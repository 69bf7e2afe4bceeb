"""The application: pages, figures, player, exports, jobs and the command line."""
