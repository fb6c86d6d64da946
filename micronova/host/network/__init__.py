"""Networks of guests on one host: names, NAT networks with DHCP, and the filter on every port."""
