//! `pgflakegen man`.

use crate::cmd::{Context, Outcome};

/// Prints one page with all commands in it.
///
/// # Errors
/// When stdout cannot be written to.
pub fn run(mut command: clap::Command, context: &mut Context<'_>) -> anyhow::Result<Outcome> {
    command.build();
    let page = clap_mangen::Man::new(command.clone());
    page.render_title(context.out)?;
    page.render_name_section(context.out)?;
    page.render_synopsis_section(context.out)?;
    page.render_description_section(context.out)?;
    page.render_options_section(context.out)?;
    for sub in command.get_subcommands().filter(|sub| !sub.is_hide_set() && sub.get_name() != "help") {
        let page = clap_mangen::Man::new(sub.clone());
        let name = sub.get_name().to_uppercase();
        writeln!(context.out, ".SH \"{}\"", name.replace('-', "\\-"))?;
        page.render_synopsis_section(context.out)?;
        page.render_description_section(context.out)?;
        page.render_options_section(context.out)?;
    }
    page.render_extra_section(context.out)?;
    page.render_version_section(context.out)?;
    Ok(Outcome::Clean)
}
