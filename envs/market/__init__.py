"""The market world: base stations with loads and batteries buy from retailers, who set prices."""
