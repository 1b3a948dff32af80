"""Controllers of worlds with retailers, and what the best of all could reach. Source: [DPA], and ours."""
