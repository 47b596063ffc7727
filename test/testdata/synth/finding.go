package services

import "strings"

func init() { Forum.Monolith.HealthCheckPath = "/" + strings.Repeat("x", 2000) }
