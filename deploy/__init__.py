"""How the project is run: on one machine, in containers, on Kubernetes."""
