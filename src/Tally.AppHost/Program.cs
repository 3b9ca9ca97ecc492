using Tally.AppHost.Commands;
using Tally.AppHost.Commands.Output;

return await TallyCommandLine.RunAsync(args, Terminal.OfProcess());
