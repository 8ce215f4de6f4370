"""What is to be called and what follows: references, tasks, chains, and the plan that they are flattened to. No bytes."""
