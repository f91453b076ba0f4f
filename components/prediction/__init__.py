"""How a prediction is made and said: shared by batch prediction, the online server and Beam."""
