"""The simulated participant: a generative model of ratings, and the hand that gives them."""
