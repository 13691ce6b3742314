package main

import "github.com/spf13/cobra"

func newScore() *cobra.Command { return &cobra.Command{Use: "score"} }
