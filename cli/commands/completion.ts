/** `synod completion`: what a shell needs to complete `synod` command lines. */
import { Argument, type Command } from "commander";
import { candidatesFor } from "../completion/candidates.ts";
import { filesMark, shells, shellScripts, type Shell } from "../completion/shell-scripts.ts";
import { contextNames } from "../connection/nats-context.ts";
import type { Screen } from "../output/screen.ts";

const help = `
The script asks \`synod\` itself at every TAB, so it knows the version that is installed: commands, options, the values
of options that have a fixed set, nats contexts and files.

Examples:
  source <(synod completion bash)                                    for this shell
  synod completion bash > ~/.local/share/bash-completion/completions/synod
  synod completion zsh > "\${fpath[1]}/_synod"
  synod completion fish > ~/.config/fish/completions/synod.fish`;

export function addCompletion(program: Command, screen: Screen): void {
  program
    .command("completion")
    .description("print a script that completes command lines in a shell")
    .addArgument(new Argument("<shell>", "the shell").choices(shells))
    .addHelpText("after", help)
    .action((shell: Shell) => screen.write(shellScripts[shell]));
  program
    .command("complete", { hidden: true })
    .description("answer a shell that completes a command line")
    .argument("[words...]")
    .action((words: readonly string[]) => answer(program, words, screen));
}

function answer(program: Command, words: readonly string[], screen: Screen): void {
  const known = { "--context": () => contextNames(process.env) };
  const { candidates, areFiles } = candidatesFor(program, words, known);
  for (const { value, description } of candidates) screen.say(`${value}\t${description}`);
  if (areFiles) screen.say(filesMark);
}
