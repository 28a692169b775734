"""The whole project on one machine, without a container engine or a service manager."""
