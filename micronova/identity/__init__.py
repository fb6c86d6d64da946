"""The identity service, Keystone v3: who asks, what they may do, and where the services are."""
