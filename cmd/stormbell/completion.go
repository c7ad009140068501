package main

import (
	"fmt"
	"io"

	"github.com/spf13/cobra"

	"github.com/stormbell/stormbell/configs"
)

func completionCommand(p process) *cobra.Command {
	shells := []string{"bash", "fish", "powershell", "zsh"}
	return &cobra.Command{
		Use:   "completion SHELL",
		Short: "Print a script that completes commands and flags in a shell",
		Long: "Prints a script for bash, fish, powershell or zsh. For the current session:\n\n" +
			"  bash        source <(stormbell completion bash)\n" +
			"  zsh         source <(stormbell completion zsh)\n" +
			"  fish        stormbell completion fish | source\n" +
			"  powershell  stormbell completion powershell | Out-String | Invoke-Expression\n",
		ValidArgs: shells,
		Args:      exactly("SHELL"),
		RunE: func(cmd *cobra.Command, args []string) error {
			root := cmd.Root()
			write := map[string]func(io.Writer) error{
				"bash":       func(w io.Writer) error { return root.GenBashCompletionV2(w, true) },
				"fish":       func(w io.Writer) error { return root.GenFishCompletion(w, true) },
				"powershell": root.GenPowerShellCompletionWithDesc,
				"zsh":        root.GenZshCompletion,
			}[args[0]]
			if write == nil {
				what := fmt.Sprintf("there is no script for %q", args[0])
				if near := configs.Nearest(args[0], shells); near != "" {
					what += fmt.Sprintf(", did you mean %q?", near)
				}
				return wrong(cmd, what)
			}
			return write(p.Out)
		},
	}
}
