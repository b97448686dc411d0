"""Words to ids and back, and the rules by which text is cleaned before training and before scoring."""
