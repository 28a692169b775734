"""Ways to run the project: on one machine, in containers, on Kubernetes."""
