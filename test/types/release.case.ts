import { Receipt } from '../../lambda/audit/receipt';
import { Released, serialize } from '../../lambda/audit/release';
import { Sealed } from '../../lambda/encryption/sealed';

declare const receipt: Receipt;
const diagnosis = new Sealed({ patient: 'p', type: 'diagnoses', id: 'e', version: 1 }, { code: 'E11.9' });

serialize(Released.release(diagnosis, receipt, 'request'));
serialize(diagnosis); // TS2741
serialize({ code: 'E11.9' }); // TS2353
Released.release(diagnosis); // TS2554
Released.release(diagnosis, {}, 'request'); // TS2739
Released.facts(diagnosis, receipt); // TS2345
Released.facts({ id: 'e' }); // TS2554
new Released({ code: 'E11.9' }); // TS2673
new Receipt(new Set()); // TS2673
diagnosis.code; // TS2339
diagnosis.content; // TS2445
