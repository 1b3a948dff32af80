"""Calculations: experiments that call a function, which gives tables, charts and claims."""
