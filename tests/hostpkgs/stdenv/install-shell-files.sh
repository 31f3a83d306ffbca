# shellcheck shell=bash disable=SC2154
# installShellFiles: installManPage is in the set-up script, this is installShellCompletion.
installShellCompletion() {
  local command='' shell='' name='' file target
  while [ $# -gt 0 ]; do
    case $1 in
      --cmd) command=$2 && shift 2 && continue ;;
      --name) name=$2 && shift 2 && continue ;;
      --bash | --zsh | --fish) shell=${1#--} && shift && continue ;;
    esac
    file=$1
    case ${shell:-${file##*.}} in
      bash) target=share/bash-completion/completions/${name:-${command:-$(basename "$file")}} ;;
      zsh) target=share/zsh/site-functions/_${name:-${command:-$(basename "$file")}} ;;
      fish) target=share/fish/vendor_completions.d/${name:-${command:-$(basename "$file" .fish)}.fish} ;;
      *) echo "error: installShellCompletion: which shell is $file for?" >&2 && return 1 ;;
    esac
    install -D --mode=644 "$file" "$out/$target"
    shift
  done
}
