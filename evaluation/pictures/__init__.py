"""What the pictures of an evaluation show, a module per kind of world; the specifications of worlds name them."""
