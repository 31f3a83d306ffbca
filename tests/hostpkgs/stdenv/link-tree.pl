# link-tree.pl TREES OUT IGNORE-COLLISIONS PATH…: one tree of links to the files of several.
# TREES has a line "path priority" per tree. Directories (also links to them) are merged.
use strict;
use warnings;
use File::Path qw(make_path);

my ($trees, $out, $ignore, @wanted) = @ARGV;
my %chosen;    # relative path => [target, priority]
my $collisions = 0;

sub wanted {
    my ($relative) = @_;
    for my $prefix (@wanted) {
        return 1 if $prefix eq '/' || "/$relative/" =~ m{^\Q$prefix\E/} || "$prefix/" =~ m{^\Q/$relative\E/};
    }
    return 0;
}

sub visit {
    my ($tree, $relative, $priority) = @_;
    my $path = $relative eq '' ? $tree : "$tree/$relative";
    return if $relative eq 'nix-support' || $relative eq 'propagated-build-inputs';
    return if $relative ne '' && !wanted($relative);
    if (-d $path) {
        opendir(my $directory, $path) or die "$path: $!\n";
        visit($tree, $relative eq '' ? $_ : "$relative/$_", $priority)
          for sort grep { $_ ne '.' && $_ ne '..' } readdir $directory;
        $chosen{$relative} //= undef if $relative ne '';
        return;
    }
    my $target = -l $path && readlink($path) =~ m{^\Q$ENV{NIX_STORE}\E/} ? readlink($path) : $path;
    my $other = $chosen{$relative};
    if (!$other || $priority < $other->[1]) {
        $chosen{$relative} = [ $target, $priority ];
    }
    elsif (!$ignore && $priority == $other->[1] && $target ne $other->[0]) {
        warn "error: collision between `$target' and `$other->[0]'\n";
        $collisions++;
    }
}

make_path($out);
open(my $list, '<', $trees) or die "$trees: $!\n";
while (<$list>) {
    my ($tree, $priority) = split ' ' or next;
    die "error: $tree does not exist\n" unless -e $tree;
    visit($tree, '', $priority);
}
exit 1 if $collisions;
for my $relative (sort keys %chosen) {
    if (!$chosen{$relative}) { make_path("$out/$relative"); next }
    make_path("$out/$relative" =~ s{/[^/]*$}{}r);
    symlink($chosen{$relative}[0], "$out/$relative") or die "$out/$relative: $!\n";
}
