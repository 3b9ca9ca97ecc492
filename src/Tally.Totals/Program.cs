using Tally.Telemetry.Hosting;
using Tally.Totals;

return await TallyService.RunAsync(args, TotalsApplication.Build);
