"""What [CG] shows, computed: costs of ownership, forecasts, and who gains what."""
