package services

import "strings"

func init() {
	Forum.Monolith.HealthCheckPath = "/" + strings.Repeat("x", 2000)
	Forum.Monolith.Image = Image{Folder: "services"}
	Forum.Monolith.WritableRoot = true
}
