package shop

import "example.com/strangler/services/traffic"

// Traffic is what clients send to the shop.
func Traffic() traffic.Traffic {
	www := map[string]string{"Host": "www.example.com"}
	return traffic.Traffic{
		{Name: "users-list", Path: "/users", Weight: 6, Target: "/users", Header: www, Status: 200},
		{Name: "users-one", Path: "/users/*", Weight: 3, Target: "/users/1", Header: www, Status: 200},
		{Name: "login-form", Path: "/login", Weight: 2, Target: "/login", Header: www, Status: 200},
		{Name: "api-users", Path: "/v1/users", Weight: 4, Target: "/v1/users", Header: map[string]string{"Host": "api.example.com"}, Status: 200},
		{Name: "start-page", Weight: 5, Target: "/", Header: www, Status: 200},
	}
}
