/**
 * What a shell is given so that it asks `synod complete` at every TAB. The answer has a line for each candidate, value,
 * tab and description, and a last line `:files` where names of files may stand as well.
 */

export const filesMark = ":files";

// Bash takes `--color=a` apart at the `=`: it is put together again, and answered for without what stands before.
// Nothing newer than bash 3.2, which macOS has.
const bash = `# bash completion for synod: source <(synod completion bash)
_synod() {
    local word rest glue="" count=0
    local -a words
    for word in "\${COMP_WORDS[@]:1:COMP_CWORD}"; do
        if [[ $word == "=" && $count -gt 0 ]]; then
            words[count-1]+="="
            glue=1
        elif [[ -n $glue ]]; then
            words[count-1]+=$word
            glue=""
        else
            words[count]=$word
            count=$((count + 1))
        fi
    done
    local current=\${words[count-1]} before=""
    [[ $current == -*=* ]] && before="\${current%%=*}="
    COMPREPLY=()
    while IFS=$'\\t' read -r word rest; do
        if [[ $word == "${filesMark}" ]]; then
            compopt -o filenames 2>/dev/null
            while IFS= read -r word; do
                COMPREPLY+=("$word")
            done < <(compgen -f -- "\${current#"$before"}")
        elif [[ -n $word ]]; then
            COMPREPLY+=("\${word#"$before"}")
        fi
    done < <(synod complete -- "\${words[@]}" 2>/dev/null)
}
complete -F _synod synod
`;

const zsh = `#compdef synod
_synod() {
    local line
    local -a described
    local -i found=1
    for line in "\${(@f)$(synod complete -- "\${(@)words[2,CURRENT]}" 2>/dev/null)}"; do
        if [[ $line == "${filesMark}" ]]; then
            _files && found=0
        elif [[ -n $line ]]; then
            described+=("\${\${line%%$'\\t'*}//:/\\\\:}:\${line#*$'\\t'}")
        fi
    done
    (( $#described )) && _describe -t values synod described && found=0
    return found
}
if [[ $funcstack[1] == _synod ]]; then
    _synod "$@"
else
    compdef _synod synod
fi
`;

const fish = `# fish completion for synod: synod completion fish | source
function __synod_complete
    set -l words (commandline -opc)
    set -l current (commandline -ct)
    command synod complete -- $words[2..-1] "$current" 2>/dev/null
end
complete -c synod -f
complete -c synod -n '__synod_complete | string match -q ${filesMark}' -F
complete -c synod -a '(__synod_complete | string match -v ${filesMark})'
`;

export const shellScripts = { bash, zsh, fish } as const;

export type Shell = keyof typeof shellScripts;

export const shells = Object.keys(shellScripts) as Shell[];
